import type { AppStatus } from '../protocol/control.ts';
import { fromErrorData } from '../protocol/errors.ts';
import type { RunningHost } from '../protocol/serve-options.ts';
import { describeError } from './describe-error.ts';

/** More would push the control page's address off the screen. */
const APPS_SHOWN_MAX = 30;

/** What a person needs after a start: an address for each app and for the control page. */
export function describeServing({ loginUrl }: Pick<RunningHost, 'loginUrl'>, apps: readonly AppStatus[]): string {
  const shown = apps.slice(0, APPS_SHOWN_MAX);
  const width = Math.max('control'.length, ...shown.map(({ name }) => name.length));
  const lines = shown.map((app) => `  ${app.name.padEnd(width)}  ${describeApp(app)}`);
  if (apps.length > shown.length) lines.push(`  … and ${apps.length - shown.length} more: nanos apps`);
  return ['', title(apps), '', ...lines, '', `  ${'control'.padEnd(width)}  ${loginUrl}`, '', ''].join('\n');
}

function title(apps: readonly AppStatus[]): string {
  if (apps.length === 0) return 'nanos serves no apps yet. Deploy one: nanos deploy FOLDER';
  const serving = apps.filter(({ version }) => version > 0).length;
  const rest = serving === apps.length ? '' : `, ${apps.length - serving} not`;
  return `nanos serves ${serving} ${serving === 1 ? 'app' : 'apps'}${rest}. Ctrl+C stops it`;
}

function describeApp({ state, version, urls, error }: AppStatus): string {
  const why = error === undefined ? undefined : describeError(fromErrorData(error), false).replace(/^nanos: /, '');
  if (version === 0) return why === undefined ? state : `${state}: ${why}`;
  return why === undefined ? urls.join('  ') : `${urls.join('  ')}  (the newest change failed: ${why})`;
}
