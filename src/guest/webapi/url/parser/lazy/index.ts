export { parseAnyUrl, parseUrlPart } from './state-machine.ts';
