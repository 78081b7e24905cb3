(module
  (memory 512)
  (func (export "fill") (memory.fill (i32.const 0) (i32.const 1) (i32.const 33554432))))
