/** https://html.spec.whatwg.org/#message-channels */
import { type MessagePort, newChannel } from './message-port.ts';

export class MessageChannel {
  readonly #ports = newChannel();

  get port1(): MessagePort {
    return this.#ports[0];
  }

  get port2(): MessagePort {
    return this.#ports[1];
  }
}
