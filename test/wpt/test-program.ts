/** The app that a web platform test becomes: its handler runs the harness and the test, and answers with the results as JSON. */
import { Script } from 'node:vm';
import type { WptTest } from './find-tests.ts';

export type SubtestStatus = 'PASS' | 'FAIL' | 'TIMEOUT' | 'NOTRUN' | 'PRECONDITION_FAILED';

export interface SubtestResult {
  readonly name: string;
  readonly status: SubtestStatus;
  readonly message: string;
}

export interface ProgramResult {
  /** of the harness: '' when all went well */
  readonly harness: string;
  readonly subtests: readonly SubtestResult[];
}

/**
 * Tests are classic scripts that share one scope, here that of a function. Like the server's worker wrapper this gives them `GLOBAL` and says
 * `done()` at their end; `location` and relative URLs, which Workers have not, are given from outside, so that tests find their files.
 */
export function testProgram(test: WptTest, harness: string, origin: string): string {
  const url = `${origin}/${test.path}${test.variant}`;
  return `__nanos("app",{default:{fetch(){return (function(){
${prelude(url, test)}
${harness}
;setup({explicit_timeout:true});
${collector(test)}
${expressions(test)}
try{(function(){
${test.scripts.map(({ source }) => `${globalsOf(source)}${source}`).join('\n;\n')}
}).call(globalThis)}catch(thrown){__wpt.failed(thrown)}
;done();
return __wpt.response;
}).call(globalThis)}}});`;
}

/**
 * idlharness.js makes the objects that it looks at from texts, by `eval`, which programs have not: the texts of the test that are expressions
 * become functions.
 */
function expressions({ path, scripts }: WptTest): string {
  if (!path.includes('idlharness')) return '';
  const source = scripts.at(-1)!.source;
  const texts = new Set([...source.matchAll(/'((?:[^'\\\n]|\\.)*)'|"((?:[^"\\\n]|\\.)*)"|`([^`\\$]*)`/g)].map((match) => unquote(match[1] ?? match[2] ?? match[3]!)));
  const cases = [...texts].filter(isExpression).map((text) => `[${JSON.stringify(text)},()=>(${text})]`);
  return `{const made=new Map([${cases.join(',')}]);globalThis.eval=(text)=>made.get(text)()}`;
}

function unquote(text: string): string {
  return text.replaceAll(/\\(.)/g, '$1');
}

function isExpression(text: string): boolean {
  try {
    return text.trim() !== '' && new Script(`(${text})`) instanceof Script;
  } catch {
    return false;
  }
}

/** Top-level functions and variables of a classic script are properties of the global object too. */
function globalsOf(source: string): string {
  const names = new Set([...source.matchAll(/^(?:(?:async )?function\*? *|var )(\w+)/gm)].map((match) => match[1]!));
  // reading one throws where the line was not at top level after all
  return [...names].map((name) => `try{${name};Object.defineProperty(globalThis,"${name}",{get:()=>${name},set(value){${name}=value},configurable:true,enumerable:true})}catch{}`).join('');
}

function prelude(url: string, test: WptTest): string {
  return `{
const base=${JSON.stringify(url)};
const define=(name,value)=>Object.defineProperty(globalThis,name,{value,writable:true,configurable:true,enumerable:false});
const place=new URL(base);
define("location",{href:place.href,origin:place.origin,protocol:place.protocol,host:place.host,hostname:place.hostname,port:place.port,pathname:place.pathname,search:place.search,hash:"",toString(){return place.href}});
define("GLOBAL",{isWindow:()=>false,isWorker:()=>true,isShadowRealm:()=>false});
define("META_TITLE",${JSON.stringify(test.title ?? test.path)});
for(const name of ["WorkerGlobalScope","DedicatedWorkerGlobalScope"])define(name,class{static [Symbol.hasInstance](value){return value===globalThis}});
define("postMessage",()=>{});
const absolute=(input)=>(typeof input==="string"||typeof input==="function")&&!URL.canParse(input)&&URL.canParse(input,base)?new URL(String(input),base).href:input;
const NativeRequest=Request,nativeFetch=fetch,redirect=Response.redirect;
${test.path.includes('idlharness') ? '' : `define("Request",new Proxy(NativeRequest,{construct(target,[input,...rest],newTarget){return Reflect.construct(target,arguments[1].length===0?[]:[absolute(input),...rest],newTarget)}}));
Response.redirect=(input,...rest)=>redirect.call(Response,absolute(input),...rest);
NativeRequest.prototype.constructor=Request;`}
define("fetch",(...args)=>nativeFetch(...(args.length===0?args:[absolute(args[0]),...args.slice(1)])));
}`;
}

function collector(test: WptTest): string {
  return `const __wpt={};
__wpt.response=new Promise((resolve)=>{
const names=["PASS","FAIL","TIMEOUT","NOTRUN","PRECONDITION_FAILED"];
const text=(value)=>{try{return String(value??"").toWellFormed().slice(0,2000)}catch{return "?"}};
const answer=new globalThis.Response("").constructor,stringify=JSON.stringify;
let failure="";
__wpt.failed=(thrown)=>{failure="threw "+text(thrown)+" "+text(thrown&&thrown.stack)};
add_completion_callback((tests,status)=>resolve(new answer(stringify({harness:failure||(status.status===0?"":["","ERROR","TIMEOUT","PRECONDITION_FAILED"][status.status]+" "+text(status.message)),subtests:tests.map((test)=>({name:text(test.name),status:names[test.status],message:text(test.message)}))}))));
setTimeout(()=>timeout(),${test.timeMsMax});
});`;
}
