export { cloneWithTransfer, structuredClone } from './structured-clone.ts';
