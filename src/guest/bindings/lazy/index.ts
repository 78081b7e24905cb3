export { createBinding } from './create-binding.ts';
