import type { Section } from './sections.ts';
import type { ReferenceType, ValueType } from './value-type.ts';

/** A range of the module's bytes. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

export interface FunctionType {
  readonly params: readonly ValueType[];
  readonly results: readonly ValueType[];
}

export interface Limits {
  readonly min: number;
  readonly max: number | undefined;
}

export interface TableType extends Limits {
  readonly type: ReferenceType;
}

export interface GlobalType {
  readonly type: ValueType;
  readonly mutable: boolean;
}

export interface Global extends GlobalType {
  /** the constant expression with its `end`; an imported global has none */
  readonly init: Span | undefined;
}

export type ExternalKind = 'function' | 'table' | 'memory' | 'global' | 'tag';

export interface Import {
  readonly module: string;
  readonly name: string;
  readonly kind: ExternalKind;
}

export interface Export {
  readonly name: string;
  readonly kind: ExternalKind;
  readonly index: number;
}

export interface LocalGroup {
  readonly count: number;
  readonly type: ValueType;
}

export interface Body {
  readonly locals: readonly LocalGroup[];
  /** offset behind the size, where the declarations of locals begin */
  readonly start: number;
  /** the instructions, with the last `end` */
  readonly code: Span;
}

export type SegmentMode = 'active' | 'passive' | 'declarative';

export interface ElementSegment {
  readonly mode: SegmentMode;
  readonly table: number;
  readonly offset: Span | undefined;
  readonly length: number;
}

export interface DataSegment {
  readonly mode: SegmentMode;
  readonly offset: Span | undefined;
  readonly bytes: Span;
}

/** What a module declares. In every index space the imported ones come first. */
export interface WasmModule {
  readonly bytes: Uint8Array;
  readonly sections: readonly Section[];
  readonly types: readonly FunctionType[];
  readonly imports: readonly Import[];
  readonly imported: Readonly<Record<ExternalKind, number>>;
  /** of each function its index in `types` */
  readonly functions: readonly number[];
  readonly tables: readonly TableType[];
  /** in pages of 64 KiB */
  readonly memories: readonly Limits[];
  /** of each tag its index in `types` */
  readonly tags: readonly number[];
  readonly globals: readonly Global[];
  readonly exports: readonly Export[];
  readonly start: number | undefined;
  readonly elements: readonly ElementSegment[];
  readonly dataCount: number | undefined;
  readonly bodies: readonly Body[];
  readonly data: readonly DataSegment[];
}
