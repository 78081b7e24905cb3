export { chacha20 } from '@noble/ciphers/chacha.js';
