export { formatLog } from './format.ts';
export { inspect } from './inspect.ts';
export { formatTable } from './table.ts';
