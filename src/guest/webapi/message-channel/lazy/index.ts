import { MessageChannel } from './message-channel.ts';
import { MessageEvent } from './message-event.ts';
import { MessagePort, setMessageEvent } from './message-port.ts';

export function loadMessageChannel(): { MessageEvent: typeof MessageEvent; MessagePort: typeof MessagePort; MessageChannel: typeof MessageChannel } {
  setMessageEvent(({ data, ports }) => new MessageEvent('message', { data, ports }));
  return { MessageEvent, MessagePort, MessageChannel };
}
