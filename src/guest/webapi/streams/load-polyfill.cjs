'use strict';

let polyfill;

// CommonJS, because a bundler evaluates a required module at its first call and an imported one at start-up.
exports.loadPolyfill = () => (polyfill ??= require('web-streams-polyfill'));
