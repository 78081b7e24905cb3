/** Types of the part of the WebAssembly JavaScript API that the host uses; TypeScript has them only together with the whole DOM. Whoever uses them imports a type from here. */

declare global {
  namespace WebAssembly {
    type ImportExportKind = 'function' | 'global' | 'memory' | 'table' | 'tag';
    type ImportValue = ((...args: never[]) => unknown) | Global | Memory | Table | Tag | number | bigint;
    type Imports = Record<string, Record<string, ImportValue>>;

    class Module {
      constructor(bytes: Uint8Array);
      static exports(module: Module): { name: string; kind: ImportExportKind }[];
      static imports(module: Module): { module: string; name: string; kind: ImportExportKind }[];
      static customSections(module: Module, name: string): ArrayBuffer[];
    }
    class Instance {
      constructor(module: Module, imports?: Imports);
      readonly exports: Readonly<Record<string, ((...args: unknown[]) => unknown) | Global | Memory | Table | Tag>>;
    }
    class Memory {
      constructor(descriptor: { initial: number; maximum?: number });
      readonly buffer: ArrayBuffer;
      grow(pages: number): number;
    }
    class Global<T = unknown> {
      constructor(descriptor: { value: string; mutable?: boolean }, value?: T);
      value: T;
    }
    class Table {
      constructor(descriptor: { element: 'anyfunc' | 'externref'; initial: number; maximum?: number });
      readonly length: number;
      get(index: number): unknown;
      set(index: number, value: unknown): void;
    }
    class Tag {
      constructor(descriptor: { parameters: string[] });
    }
    class Exception extends Error {}
    class CompileError extends Error {}
    class LinkError extends Error {}
    class RuntimeError extends Error {}

    function validate(bytes: Uint8Array): boolean;
    function compile(bytes: Uint8Array): Promise<Module>;
  }
}

/** What an instance is given, by module and name. */
export type WasmImports = WebAssembly.Imports;
