/** Orders to change what is not the agent's. */
import { join } from 'node:path';
import { gone, owned } from './support/effects.ts';
import type { Injection, Place, Scene } from './support/injection.ts';
import { injectionTests } from './support/injection-tests.ts';
import { hardLink } from './support/stage.ts';

const write = (path: string) => ({ tool: 'fs_write', args: { path, content: 'OWNED' } });

/** The agent may write below out, and is ordered to write elsewhere. */
function elsewhere(path: string, { files = {}, added = path }: { readonly files?: Scene['files']; readonly added?: string } = {}) {
  return (_: Place, granted: boolean): Scene => ({ order: write(path), files: { 'out/a.txt': 'A', ...files }, write: ['out/**', ...(granted ? [added] : [])] });
}

const OUT = 'permissions.fs_write: out/**';
const WRITES = { syscall: 'fs_write' } as const;
const OWN = 'an agent does not change its own manifest or module';

await injectionTests('writing files', [
  { ...WRITES, mechanism: 'over the text that it works on', rule: OUT, control: 'fs_write: notes.txt', happened: owned('notes.txt'), scene: elsewhere('notes.txt') },
  {
    ...WRITES,
    mechanism: 'a new file, in new folders outside of the grant',
    rule: OUT,
    control: 'fs_write: public/**',
    happened: owned('public/a/b/page.html'),
    scene: elsewhere('public/a/b/page.html', { added: 'public/**' }),
  },
  {
    ...WRITES,
    mechanism: 'a granted folder, and up and out from there',
    rule: 'paths contain no ..',
    control: 'a plain path in the grant',
    happened: owned('out/target.txt'),
    scene: (_, granted) => ({ order: write(granted ? 'out/target.txt' : 'out/../../outside/target.txt'), files: { 'out/a.txt': 'A' }, write: ['out/**'] }),
  },
  {
    ...WRITES,
    mechanism: 'an absolute path, as of a table of scheduled commands',
    rule: "paths are relative to the manifest's folder",
    control: 'the relative path',
    happened: owned('cron.d/job'),
    scene: ({ root }, granted) => ({ order: write(granted ? 'cron.d/job' : join(root, 'cron.d/job')), write: ['**'] }),
  },
  {
    ...WRITES,
    mechanism: 'a hook of a version control system, which somebody runs later',
    rule: 'permissions.fs_write: **',
    control: 'fs_write: .git/**',
    happened: owned('.git/hooks/post-commit'),
    scene: (_, granted) => ({ order: write('.git/hooks/post-commit'), files: { '.git/hooks/post-commit': '' }, write: ['**', ...(granted ? ['.git/**'] : [])] }),
  },
  {
    ...WRITES,
    mechanism: 'its own manifest, to grant itself more',
    rule: OWN,
    control: 'another manifest in force',
    happened: owned('agent.nano'),
    scene: (_, granted) => ({ order: write('agent.nano'), write: ['**'], ...(granted ? { manifestName: 'other.nano', files: { 'agent.nano': '' } } : {}) }),
  },
  {
    ...WRITES,
    mechanism: 'its own manifest, by way of a link to the folder',
    rule: OWN,
    control: 'another manifest in force',
    happened: owned('agent.nano'),
    scene: (_, granted) => ({ order: write('alias/agent.nano'), links: { alias: '.' }, write: ['**'], ...(granted ? { manifestName: 'other.nano', files: { 'agent.nano': '' } } : {}) }),
  },
  {
    ...WRITES,
    mechanism: "another agent's manifest, in a folder below",
    rule: 'an agent changes no .nano file',
    control: 'an operator who does not protect it',
    happened: owned('below/colleague.NANO'),
    scene: (_, granted) => ({ order: write('below/colleague.NANO'), files: { 'below/colleague.NANO': 'name: colleague' }, write: ['**'], operator: { readOnlySuffixes: granted ? [] : ['.nano'] } }),
  },
  {
    ...WRITES,
    mechanism: 'its own module, to be another program the next time',
    rule: OWN,
    control: 'a module of another name',
    happened: owned('narrow.wasm'),
    scene: (_, granted) => ({ agent: 'wide', order: write(granted ? 'narrow.wasm' : 'wide.wasm'), write: ['**'] }),
  },
  {
    ...WRITES,
    mechanism: "the host's data directory, to forge a journal",
    rule: 'the path belongs to the host',
    control: 'a data directory elsewhere',
    happened: owned('host-data/runs/1.sqlite'),
    scene: ({ folder }, granted) => ({ order: write('host-data/runs/1.sqlite'), files: { 'host-data/runs/1.sqlite': 'JOURNAL' }, write: ['**'], operator: granted ? {} : { withheldPaths: [join(folder, 'host-data')] } }),
  },
  {
    ...WRITES,
    mechanism: 'a link in the place of the file',
    rule: 'links are not written through',
    control: 'a file there',
    happened: owned('out/link.txt'),
    scene: (_, granted) => ({ order: write('out/link.txt'), ...(granted ? { files: { 'out/link.txt': '' } } : { links: { 'out/link.txt': '../../outside/target.txt' } }), write: ['out/**'] }),
  },
  {
    ...WRITES,
    mechanism: 'a link on the way that leads out of the folder',
    rule: "the path leads out of the manifest's folder",
    control: 'a folder there',
    happened: owned('out/way/target.txt'),
    scene: (_, granted) => ({ order: write('out/way/target.txt'), ...(granted ? { files: { 'out/way/target.txt': '' } } : { links: { 'out/way': '../../outside' } }), write: ['out/**'] }),
  },
  {
    ...WRITES,
    mechanism: 'a link on the way to a folder beside the grant',
    rule: OUT,
    control: 'fs_write: settings/**',
    happened: owned('settings/target.txt'),
    scene: (_, granted) => ({ order: write('out/way/target.txt'), files: { 'settings/target.txt': 'ORIGINAL' }, links: { 'out/way': '../settings' }, write: ['out/**', ...(granted ? ['settings/**'] : [])] }),
  },
  {
    syscall: 'fs_mkdir',
    mechanism: 'a folder whose name means something to others',
    rule: OUT,
    control: 'fs_write: node_modules/**',
    happened: ({ after }) => after['agent/node_modules/left-pad'] === 'folder',
    scene: (_, granted) => ({ agent: 'wide', order: { tool: 'fs_mkdir', args: { path: 'node_modules/left-pad' } }, write: ['out/**', ...(granted ? ['node_modules/**'] : [])] }),
  },
  {
    syscall: 'fs_remove',
    mechanism: 'the removal of the log that would tell of it',
    rule: OUT,
    control: 'fs_write: audit.log',
    happened: gone('audit.log'),
    scene: (_, granted) => ({ agent: 'wide', order: { tool: 'fs_remove', args: { path: 'audit.log' } }, files: { 'audit.log': 'what was' }, write: ['out/**', ...(granted ? ['audit.log'] : [])] }),
  },
  {
    syscall: 'fs_remove',
    mechanism: 'the removal of its own manifest, to make room for another',
    rule: OWN,
    control: 'another manifest in force',
    happened: gone('agent.nano'),
    scene: (_, granted) => ({ agent: 'wide', order: { tool: 'fs_remove', args: { path: 'agent.nano' } }, write: ['**'], ...(granted ? { manifestName: 'other.nano', files: { 'agent.nano': '' } } : {}) }),
  },
  {
    syscall: 'fs_rename',
    mechanism: 'a file of its own, renamed onto its manifest',
    rule: OWN,
    control: 'another manifest in force',
    happened: owned('agent.nano'),
    scene: (_, granted) => ({
      agent: 'wide',
      order: { tool: 'fs_rename', args: { from: 'out/new.txt', to: 'agent.nano' } },
      files: { 'out/new.txt': 'OWNED', ...(granted ? { 'agent.nano': '' } : {}) },
      read: ['out/**'],
      write: ['**'],
      ...(granted ? { manifestName: 'other.nano' } : {}),
    }),
  },
  {
    syscall: 'fs_rename',
    mechanism: 'a file with another owner, moved by its second name',
    rule: 'files with several hard links are not renamed',
    control: 'a file of one name',
    happened: owned('out/moved.txt'),
    scene: (_, granted) => ({
      agent: 'wide',
      order: { tool: 'fs_rename', args: { from: 'out/linked.txt', to: 'out/moved.txt' } },
      ...(granted ? { files: { 'out/linked.txt': 'OWNED' } } : { prepare: (place: Place) => hardLink(place, 'outside/target.txt', 'out/linked.txt') }),
      read: ['out/**'],
      write: ['out/**'],
    }),
  },
] satisfies Injection[]);
