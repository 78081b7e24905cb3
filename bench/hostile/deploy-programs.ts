import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import wabt from 'wabt';
import type { Program } from './read-programs.ts';

export const VICTIM = 'victim';
/** What a program may take that is stopped by something else: a crowded machine gives it little CPU, and its time is not what is tried. */
export const WALL_MS_MAX = 60_000;

/** Answers what only it knows; does a little work, as an app does. */
export const VICTIM_SOURCE = `
const secret = 'VICTIM';
export default {
  async fetch(request) {
    const { pathname } = new URL(request.url);
    return Response.json({ secret, pathname, parts: pathname.split('/').map((part) => part.length) });
  },
};`;

/** Writes a folder for each program and its copies, the victim's, and the operator's file, below `folder`. Returns that file. */
export async function deployPrograms(folder: string, programs: readonly Program[]): Promise<string> {
  writeApp(folder, VICTIM, VICTIM_SOURCE);
  for (const program of programs) {
    const module = program.module === undefined ? undefined : await assemble(program.module.text);
    for (const name of namesOf(program)) {
      writeApp(folder, name, program.source);
      if (module !== undefined) writeFileSync(join(folder, 'apps', name, program.module?.file ?? ''), module);
    }
  }
  const file = join(folder, 'nanos.yaml');
  writeFileSync(file, operatorFile(programs));
  return file;
}

/** Apps that run the program. */
export function namesOf({ name, copies }: Program): string[] {
  return Array.from({ length: copies }, (_, index) => (index === 0 ? name : `${name}-${index + 1}`));
}

function writeApp(folder: string, name: string, source: string): void {
  mkdirSync(join(folder, 'apps', name), { recursive: true });
  writeFileSync(join(folder, 'apps', name, 'index.js'), source);
}

function operatorFile(programs: readonly Program[]): string {
  const tenants = programs.flatMap((program) => {
    const egress = program.mayReachOrigin ? ', egress: { private: [loopback] }' : '';
    const limits = new Map(program.limits);
    if (program.defence === 'wall-limit') limits.set('wall_ms', '1000');
    const written = [...limits].map(([key, value]) => `${key}: ${value}`).join(', ');
    return egress === '' && written === '' ? [] : namesOf(program).map((name) => `  ${name}: { limits: { ${written} }${egress} }`);
  });
  return [`limits: { wall_ms: ${WALL_MS_MAX} }`, 'tenants:', '  nobody: { limits: { } }', ...tenants, ''].join('\n');
}

/** From text format. Throws on what is none. */
export async function assemble(text: string): Promise<Uint8Array> {
  const { parseWat } = await wabt();
  const parsed = parseWat('program.wat', text, { threads: true, bulk_memory: true });
  try {
    return parsed.toBinary({}).buffer;
  } finally {
    parsed.destroy();
  }
}
