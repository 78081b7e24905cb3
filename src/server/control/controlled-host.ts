import type { AppStatus, HostControl } from '../../protocol/control.ts';

/** The host as the control plane's HTTP front calls it. */
export interface ControlledHost extends Omit<HostControl, 'deploy'> {
  /** `name`: what the uploader calls the app, whatever its folder says; undefined: as the folder says, else the folder's own name. */
  deploy(folder: string, name: string | undefined): Promise<AppStatus>;
}
