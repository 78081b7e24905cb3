/** Evaluates the polyfill at the first call, later ones return the same classes. */
export declare function loadPolyfill(): typeof import('web-streams-polyfill', { with: { 'resolution-mode': 'require' } });
