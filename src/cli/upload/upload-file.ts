/** A file of an upload: where it is here, and its path in the archive. */
export interface UploadFile {
  readonly source: string;
  readonly path: string;
}
