// Not TypeScript, because the types of this package bring those of Node.js into the guest's world.
export { createMultibyteDecoder } from '@exodus/bytes/multi-byte.js';
