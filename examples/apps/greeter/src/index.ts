interface Env {
  GREETING: string;
  LANGUAGES: string[];
}

export default {
  async fetch(request: Request, env: Env): Promise<Response> {
    const name = new URL(request.url).searchParams.get('name') ?? 'you';
    return Response.json({ greeting: `${env.GREETING}, ${name}`, languages: env.LANGUAGES });
  },
} satisfies ExportedHandler<Env>;
