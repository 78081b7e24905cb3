export { parseMultipart } from './multipart-parse.ts';
export { serializeMultipart } from './multipart-serialize.ts';
