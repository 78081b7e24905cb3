export { fetchDataUrl } from './data-url.ts';
