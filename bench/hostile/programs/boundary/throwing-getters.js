// Mechanism: what is thrown throws again when it is read
// Defence: error-text
// Contained: app_threw
const thrower = {};
for (const name of ['name', 'message', 'stack', 'toString', 'cause']) Object.defineProperty(thrower, name, { get() { throw thrower; } });
export default {
  fetch() {
    throw thrower;
  },
};
