/**
 * The script that runs an app's top level in an isolate that holds the API script. It is strict, and nothing that the tenant's code throws
 * leaves it: exceptions become strings inside the isolate, where the entry's time limit holds, because reading a thrown object from outside
 * would run its getters.
 *
 * A script whose top level failed throws a string, `messageLength:message stack`; see {@link parseTopLevelFailure}. With top-level await it
 * can't: then {@link TOP_LEVEL_CHECK}, run as a second script, throws that string, or one that says that the top level never settled.
 */

/** File name of the app's script in stacks, and part of what V8's code cache is for. */
export const APP_FILENAME = 'app.js';
export const API_FILENAME = 'nanos:api';

/** A script that gives the API its lazy parts where no host attaches: before an app that is snapshotted; and with no text takes them away after it. */
export function givePartTexts(partTexts: string): string {
  return `__nanos("parts",${JSON.stringify(partTexts)})`;
}

const STATE = '__nanosTopLevel';
const MESSAGE_LENGTH_MAX = 2_000;
const STACK_LENGTH_MAX = 8_000;

/** To be run after a script whose top level awaits. */
export const TOP_LEVEL_CHECK = `if(${STATE}!=="")throw ${STATE}`;

const UNSETTLED = 'Top-level await never settles: there is no I/O and no timer at top level';

/** Makes strings of a thrown value, with what it needs of the language captured before tenant code runs. */
const describe =
  'const __nanosDescribe=(slice=>thrown=>{let message,stack="";' +
  'try{message=`${thrown}`}catch{message="Threw a value that has no text"}' +
  'try{if(thrown!==null&&typeof thrown==="object")stack=`${thrown.stack}`}catch{}' +
  `message=slice(message,0,${MESSAGE_LENGTH_MAX});` +
  `return message.length+":"+message+slice(stack,0,${STACK_LENGTH_MAX})` +
  '})(Function.prototype.call.bind(String.prototype.slice));';

export interface AppScriptParts {
  /** esbuild's output: an IIFE, or with top-level await the body of a module without imports and exports */
  readonly bundle: string;
  readonly awaits: boolean;
  /** JSON of a service worker's variables */
  readonly globals: string | undefined;
}

/** Everything before the bundle stands on one line, so that a source map needs one more `;` in front. */
export function appScript({ bundle, awaits, globals }: AppScriptParts): string {
  const setUp = `${describe}${globals === undefined ? '' : `__nanos("globals",${JSON.stringify(globals)});`}`;
  if (awaits) {
    return (
      `let ${STATE}="${UNSETTLED.length}:${UNSETTLED}";(async function(){"use strict";${setUp}try{\n` +
      `${bundle}\n${STATE}=""}catch(thrown){${STATE}=__nanosDescribe(thrown)}})();undefined`
    );
  }
  return `(()=>{"use strict";${setUp}let __nanosThrown;try{\n${bundle}\n}catch(thrown){__nanosThrown=__nanosDescribe(thrown)}if(__nanosThrown!==undefined)throw __nanosThrown})()`;
}

export interface TopLevelFailure {
  readonly message: string;
  readonly stack: string;
}

/** Undefined when `thrown` is not what an app's script throws. */
export function parseTopLevelFailure(thrown: unknown): TopLevelFailure | undefined {
  if (typeof thrown !== 'string') return undefined;
  const digits = /^\d{1,9}:/u.exec(thrown)?.[0];
  if (digits === undefined) return undefined;
  const messageEnd = digits.length + Number(digits.slice(0, -1));
  return { message: thrown.slice(digits.length, messageEnd), stack: thrown.slice(messageEnd) };
}
