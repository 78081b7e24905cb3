export { crossingBody, fetchThrough, toResponse } from './subrequest.ts';
