(module (func $r (export "recurse") (param i32) (result i32)
  (i32.add (call $r (i32.add (local.get 0) (i32.const 1))) (i32.const 1))))
