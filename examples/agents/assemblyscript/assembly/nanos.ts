/** What an agent imports. AssemblyScript names the module that a declared function is imported from after the file: `nanos`. */
export declare function syscall(op: i32, id: i32, pointer: usize, length: i32): i64;
