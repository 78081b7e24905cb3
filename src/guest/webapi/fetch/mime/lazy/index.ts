export { extractMimeType, parseMimeType, serializeMimeType } from './mime-type.ts';
