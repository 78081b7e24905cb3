export { decodeBase64 } from './base64.ts';
export { atob, btoa } from './operations.ts';
