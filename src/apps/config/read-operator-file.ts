import { dirname, extname, resolve } from 'node:path';
import { checkDocument } from '../../protocol/documents/check-document.ts';
import { parseJsonc } from '../../protocol/documents/parse-jsonc.ts';
import { parseYaml } from '../../protocol/documents/parse-yaml.ts';
import { readConfigFile } from '../../protocol/documents/read-config-file.ts';
import { operatorFileSchema } from '../../protocol/operator.ts';
import type { OperatorPolicy } from '../../protocol/operator.ts';

/** The operator's file, JSON (with comments) by its ending `.json` or `.jsonc`, else YAML; `data` and `agents.folder` are made absolute from its folder. Throws `config_invalid` with line and column. */
export async function readOperatorFile(file: string): Promise<OperatorPolicy> {
  const path = resolve(file);
  const parse = ['.json', '.jsonc'].includes(extname(path).toLowerCase()) ? parseJsonc : parseYaml;
  const policy = checkDocument(operatorFileSchema, parse(path, await readConfigFile(path)));
  const absolute = (written: string | undefined): string | undefined => (written === undefined ? undefined : resolve(dirname(path), written));
  return { ...policy, dataDir: absolute(policy.dataDir), agents: { ...policy.agents, folder: absolute(policy.agents.folder) } };
}
