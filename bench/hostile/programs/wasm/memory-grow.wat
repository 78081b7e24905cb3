(module
  (memory (export "memory") 1)
  (func (export "grow") (result i32)
    (local $at i32)
    (block $full
      (loop $more
        (local.set $at (memory.grow (i32.const 16)))
        (br_if $full (i32.eq (local.get $at) (i32.const -1)))
        (i32.store (i32.mul (local.get $at) (i32.const 65536)) (i32.const 1))
        (br_if $full (i32.gt_u (local.get $at) (i32.const 8192)))
        (br $more)))
    (memory.size)))
