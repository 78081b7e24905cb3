export { domainToAscii } from './domain-to-ascii.ts';
