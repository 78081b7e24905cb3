;; The six WASI functions that QuickJS imports. Time and randomness come from the run; there are no files and no standard streams.
(module
  (import "engine" "memory" (memory 18))
  (import "nanos" "clock" (func $clock (result i64)))
  (import "nanos" "random" (func $random (param $to i32) (param $length i32)))

  ;; WASI's error numbers
  (global $success i32 (i32.const 0))
  (global $bad_file i32 (i32.const 8))

  ;; Every WASI clock is the run's one clock.
  (func (export "clock_time_get") (param $clock_id i32) (param $precision i64) (param $to i32) (result i32)
    (i64.store (local.get $to) (call $clock))
    (global.get $success))

  (func (export "random_get") (param $to i32) (param $length i32) (result i32)
    (call $random (local.get $to) (local.get $length))
    (global.get $success))

  (func (export "fd_close") (param i32) (result i32)
    (global.get $bad_file))
  (func (export "fd_fdstat_get") (param i32 i32) (result i32)
    (global.get $bad_file))
  (func (export "fd_seek") (param i32 i64 i32 i32) (result i32)
    (global.get $bad_file))
  (func (export "fd_write") (param i32 i32 i32 i32) (result i32)
    (global.get $bad_file)))
