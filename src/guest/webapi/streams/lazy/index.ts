import * as classes from 'web-streams-polyfill';

export function loadPolyfill(): typeof classes {
  return classes;
}
