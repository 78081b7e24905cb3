/** Short links, with itty-router from npm. */
import { AutoRouter, error, status, type IRequest } from 'itty-router';

// lives as long as the isolate
const links = new Map<string, string>([['spec', 'https://fetch.spec.whatwg.org/']]);

const router = AutoRouter();

router
  .get('/', () => ({ links: Object.fromEntries(links) }))
  .put('/:name', (request) => keep(request))
  .get('/:name', ({ params }: IRequest) => {
    const url = links.get(params.name);
    return url === undefined ? error(404, `There is no link ${params.name}`) : Response.redirect(url, 302);
  })
  .delete('/:name', ({ params }: IRequest) => (links.delete(params.name) ? status(204) : error(404)));

export default { fetch: router.fetch };

async function keep(request: IRequest): Promise<Response> {
  const url = (await request.text()).trim();
  if (!URL.canParse(url) || !/^https?:/.test(url)) return error(400, 'Send an http or https URL');
  const isNew = !links.has(request.params.name);
  links.set(request.params.name, url);
  return status(isNew ? 201 : 204);
}
