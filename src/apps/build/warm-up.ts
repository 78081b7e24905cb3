import { Packer, SHARED_SLOTS, ToGuest } from '../../protocol/boundary.ts';

/**
 * A script that V8 runs on a finished snapshot to learn which functions a first request needs: it keeps their bytecode and discards
 * everything else that the script did. Without it every isolate compiles the boundary and the common web APIs again.
 */
export function warmUpScript(): string {
  const packer = new Packer();
  for (const [id, method, body] of [[1, 'GET', '0'], [2, 'POST', '1']] as const) {
    packer.begin(ToGuest.request, 9).number(id).field(method).field('http://a.localhost:3000/path?query=1').field(body).field('{}');
    packer.field('host').field('a.localhost:3000').field('content-type').field('application/json');
  }
  const handler = `async fetch(request,env,context){
    const url=new URL(request.url);
    if(request.method==="GET")return new Response("text "+url.pathname,{headers:{"x-name":"value"}});
    const body=await request.json();
    return Response.json({body,type:request.headers.get("content-type"),search:url.searchParams.get("query")});
  }`;
  // snapshots have no WebAssembly, which attaching works on
  const wasm = '{Module:class{static imports(){return[]}},Memory:class{get buffer(){return new ArrayBuffer(0)}},Instance:class{}}';
  // an app in the snapshot has registered itself, and its handler is not for trying out
  return `try{Object.defineProperty(globalThis,"WebAssembly",{value:${wasm},configurable:true})}catch{}
    let isFree=true;try{__nanos("app",{default:{${handler}}})}catch{isFree=false}
    const dispatch=__nanos("attach",()=>{},new ArrayBuffer(${SHARED_SLOTS * 4}),new ArrayBuffer(32),"{}","{}","[]",[],"",0);
    if(isFree)dispatch(${JSON.stringify(packer.take())},1);`;
}
