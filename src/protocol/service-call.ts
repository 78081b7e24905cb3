/** What crosses for a request to another app: a host call with the binding's name in env and the fields of fetch-call.ts; the reply is that of fetch-call.ts. */
export const SERVICE_CALL = 'service';
