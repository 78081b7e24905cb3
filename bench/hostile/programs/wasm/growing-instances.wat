(module
  (memory 1)
  (func (export "grow")
    (drop (memory.grow (i32.const 1000)))
    (memory.fill (i32.const 0) (i32.const 1) (i32.const 65600000))))
