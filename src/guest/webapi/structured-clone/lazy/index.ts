export { structuredClone } from './structured-clone.ts';
