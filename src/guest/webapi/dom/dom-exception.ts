/** https://webidl.spec.whatwg.org/#idl-DOMException */
import { defineConstants, toDOMString } from '../webidl.ts';

/** Names with a legacy code, the code being the position plus one; unused codes are empty. */
const legacyNames = (
  'IndexSizeError,,HierarchyRequestError,WrongDocumentError,InvalidCharacterError,,NoModificationAllowedError,NotFoundError,NotSupportedError,' +
  'InUseAttributeError,InvalidStateError,SyntaxError,InvalidModificationError,NamespaceError,InvalidAccessError,,TypeMismatchError,SecurityError,' +
  'NetworkError,AbortError,URLMismatchError,QuotaExceededError,TimeoutError,InvalidNodeTypeError,DataCloneError'
).split(',');

const constantNames = (
  'INDEX_SIZE_ERR,DOMSTRING_SIZE_ERR,HIERARCHY_REQUEST_ERR,WRONG_DOCUMENT_ERR,INVALID_CHARACTER_ERR,NO_DATA_ALLOWED_ERR,NO_MODIFICATION_ALLOWED_ERR,' +
  'NOT_FOUND_ERR,NOT_SUPPORTED_ERR,INUSE_ATTRIBUTE_ERR,INVALID_STATE_ERR,SYNTAX_ERR,INVALID_MODIFICATION_ERR,NAMESPACE_ERR,INVALID_ACCESS_ERR,' +
  'VALIDATION_ERR,TYPE_MISMATCH_ERR,SECURITY_ERR,NETWORK_ERR,ABORT_ERR,URL_MISMATCH_ERR,QUOTA_EXCEEDED_ERR,TIMEOUT_ERR,INVALID_NODE_TYPE_ERR,DATA_CLONE_ERR'
).split(',');

const { captureStackTrace } = Error as { captureStackTrace?: (target: object, above: unknown) => void };

export let isDOMException: (value: unknown) => value is DOMException;

/** Not a subclass of Error in JavaScript's sense, yet Error.prototype is its prototype's prototype and it has a stack. */
export class DOMException {
  readonly #message: string;
  readonly #name: string;

  constructor(message: unknown = '', name: unknown = 'Error') {
    this.#message = message === '' ? '' : toDOMString(message);
    this.#name = toDOMString(name);
    captureStackTrace?.(this, new.target);
  }

  get name(): string {
    return this.#name;
  }

  get message(): string {
    return this.#message;
  }

  get code(): number {
    return this.#name === '' ? 0 : legacyNames.indexOf(this.#name) + 1;
  }

  static {
    Object.setPrototypeOf(this.prototype, Error.prototype);
    defineConstants(this, Object.fromEntries(constantNames.map((name, index) => [name, index + 1])));
    isDOMException = (value): value is DOMException => typeof value === 'object' && value !== null && #name in value;
  }
}
