/** `npm run fuzz -- diff [--seed N] [--runs N] [KIND …]` */
import { parseArgs } from 'node:util';
import { diffHosts, KINDS } from './diff/diff-hosts.ts';

const USAGE = `npm run fuzz -- diff [--seed N] [--runs N] [KIND …]\n\nKinds: ${KINDS.join(', ')}\n`;

const { values, positionals } = parseArgs({ allowPositionals: true, options: { seed: { type: 'string' }, runs: { type: 'string', default: '300' }, help: { type: 'boolean' } } });
const [what, ...kinds] = positionals;
const unknown = kinds.filter((kind) => !KINDS.includes(kind));
if (values.help === true || what !== 'diff' || unknown.length > 0) {
  process.stderr.write(unknown.length > 0 ? `There is no kind ${unknown.join(', ')}\n\n${USAGE}` : USAGE);
  process.exit(values.help === true ? 0 : 2);
}

const seed = values.seed === undefined ? Math.floor(Math.random() * 2 ** 31) : Number(values.seed);
process.stdout.write(`seed ${seed}\n`);
const ends: (() => Promise<void> | void)[] = [];
try {
  const found = await diffHosts({ after: (end) => void ends.unshift(end) }, { seed, runs: Number(values.runs), ...(kinds.length === 0 ? {} : { kinds }), say: (line) => process.stdout.write(`${line}\n`) });
  for (const difference of found) process.stdout.write(`\n${difference}\n`);
  process.exitCode = found.length === 0 ? 0 : 1;
} finally {
  for (const end of ends) await end();
}
