;; What stands between QuickJS and the agent ABI (docs/syscall-abi.md): the functions that the engine's JavaScript calls, and the ABI's exports.
;;
;; JSValue is a 64-bit word: a tag in the upper half, an integer or a pointer in the lower one. `host_call` gets pointers to such words
;; ("boxes") that the caller frees, and returns one that the caller frees, or 0 after an exception was set.
;; A pointer stays valid until it is freed: memory grows but never moves.
(module
  (import "engine" "memory" (memory 18))
  (import "engine" "__stack_pointer" (global $stack_pointer (mut i32)))
  (import "engine" "wasm_malloc" (func $malloc (param $length i32) (result i32)))
  (import "engine" "wasm_free" (func $free (param $pointer i32)))
  (import "engine" "qjs_get_context_ptr" (func $context (result i32)))
  (import "engine" "qjs_get_runtime_ptr" (func $runtime (result i32)))
  (import "engine" "qjs_free_value" (func $free_box (param $box i32)))
  (import "engine" "JS_FreeValue" (func $free_value (param $context i32) (param $value i64)))
  (import "engine" "JS_DupValue" (func $dup_value (param $context i32) (param $value i64) (result i64)))
  (import "engine" "JS_ToInt32" (func $to_int32 (param $context i32) (param $to i32) (param $value i64) (result i32)))
  (import "engine" "JS_ToCStringLen2" (func $to_utf8 (param $context i32) (param $length_to i32) (param $value i64) (param $cesu8 i32) (result i32)))
  (import "engine" "JS_FreeCString" (func $free_utf8 (param $context i32) (param $text i32)))
  (import "engine" "JS_NewStringLen" (func $new_string (param $context i32) (param $text i32) (param $length i32) (result i64)))
  (import "engine" "JS_GetUint8Array" (func $get_bytes (param $context i32) (param $length_to i32) (param $value i64) (result i32)))
  (import "engine" "JS_NewUint8ArrayCopy" (func $new_bytes (param $context i32) (param $from i32) (param $length i32) (result i64)))
  (import "engine" "JS_ThrowOutOfMemory" (func $throw_out_of_memory (param $context i32) (result i64)))
  (import "engine" "JS_Call" (func $call (param $context i32) (param $function i64) (param $this i64) (param $count i32) (param $values i32) (result i64)))
  (import "engine" "JS_GetException" (func $take_exception (param $context i32) (result i64)))
  (import "engine" "JS_IsJobPending" (func $is_job_pending (param $runtime i32) (result i32)))
  (import "engine" "JS_ExecutePendingJob" (func $execute_job (param $runtime i32) (param $context_to i32) (result i32)))
  (import "engine" "JS_SetMaxStackSize" (func $limit_stack (param $runtime i32) (param $length i32)))
  (import "nanos" "syscall" (func $syscall (param $op i32) (param $id i32) (param $pointer i32) (param $length i32) (result i64)))
  (import "nanos" "random" (func $random (param $to i32) (param $length i32)))

  (global $undefined i64 (i64.const 0x3_0000_0000))
  (global $exception i64 (i64.const 0x6_0000_0000))
  (global $pending i64 (i64.const -1))

  ;; Of the engine's own stack, which lies in the last part of the first MB of memory. JavaScript that needs more gets a RangeError.
  ;; Small enough that this, and JSON.parse of any text, comes before the depth budget of a metered module ends the run.
  (global $stack_length_max i32 (i32.const 163840))
  ;; More of it, so that a rejection can be noted wherever the stack is when it happens.
  (global $stack_length_reserve i32 (i32.const 32768))

  ;; What nanos_start and nanos_resume return.
  (global $rests i32 (i32.const 0))
  (global $out_of_memory i32 (i32.const 2))

  ;; Ids with which the dispatcher is called, besides those of syscalls, which are above 0.
  (global $id_start i32 (i32.const 0))
  (global $id_rest i32 (i32.const -1))
  (global $id_job_failed i32 (i32.const -2))
  (global $id_rejection i32 (i32.const -3))

  ;; The SDK's function (id, status, payload) -> status of the activation. It catches whatever the agent throws.
  (global $dispatcher (export "engine_dispatcher") (mut i64) (i64.const 0x3_0000_0000))

  ;; The dispatcher failed where nobody could be told.
  (global $is_doomed (export "engine_is_doomed") (mut i32) (i32.const 0))

  ;; Said when the engine has no memory left to say it. It lies in that end of the engine's 1 MB stack which its stack limit never lets it reach.
  (data (i32.const 1024) "{\"level\":\"fatal\"}\nOut of memory")
  (global $last_words i32 (i32.const 1024))
  (global $last_words_length i32 (i32.const 31))
  (global $op_log i32 (i32.const 1))

  ;; While an agent is compiled, before anything is evaluated.
  (func (export "engine_limit_stack")
    (call $limit_stack (call $runtime) (global.get $stack_length_max)))

  ;; While an agent is compiled: takes the dispatcher out of its box.
  (func (export "engine_set_dispatcher") (param $box i32)
    (global.set $dispatcher (call $dup_value (call $context) (i64.load (local.get $box)))))

  ;; --- From JavaScript: syscall, decode, encode, random, known by their first letters ---

  (func (export "host_call") (param $name i32) (param $name_length i32) (param $this i32) (param $count i32) (param $boxes i32) (result i32)
    (local $frame i32) (local $letter i32) (local $box i32)
    (local.set $letter (i32.load8_u (local.get $name)))
    (local.set $frame (i32.sub (global.get $stack_pointer) (i32.const 16)))
    (global.set $stack_pointer (local.get $frame))
    (local.set $box
      (if (result i32) (i32.eq (local.get $letter) (i32.const 0x73)) ;; s
        (then (call $do_syscall (local.get $frame) (local.get $boxes)))
        (else (if (result i32) (i32.eq (local.get $letter) (i32.const 0x64)) ;; d
          (then (call $decode (local.get $frame) (local.get $boxes)))
          (else (if (result i32) (i32.eq (local.get $letter) (i32.const 0x65)) ;; e
            (then (call $encode (local.get $frame) (local.get $boxes)))
            (else (call $fill_random (local.get $frame) (local.get $boxes)))))))))
    (global.set $stack_pointer (i32.add (local.get $frame) (i32.const 16)))
    (local.get $box))

  (func $value (param $boxes i32) (param $index i32) (result i64)
    (i64.load (i32.load (i32.add (local.get $boxes) (i32.shl (local.get $index) (i32.const 2))))))

  ;; Takes over the value.
  (func $new_box (param $value i64) (result i32)
    (local $box i32)
    (if (i64.eq (local.get $value) (global.get $exception)) (then (return (i32.const 0))))
    (local.set $box (call $malloc (i32.const 8)))
    (if (i32.eqz (local.get $box))
      (then
        (call $free_value (call $context) (local.get $value))
        (drop (call $throw_out_of_memory (call $context)))
        (return (i32.const 0))))
    (i64.store (local.get $box) (local.get $value))
    (local.get $box))

  ;; (op, id, head: string, body: Uint8Array | undefined) -> undefined: pending; else the reply, a Uint8Array.
  (func $do_syscall (param $frame i32) (param $boxes i32) (result i32)
    (local $head i32) (local $head_length i32) (local $payload i32) (local $reply i64)
    (local.set $head (call $to_utf8 (call $context) (local.get $frame) (call $value (local.get $boxes) (i32.const 2)) (i32.const 0)))
    (if (i32.eqz (local.get $head)) (then (return (i32.const 0))))
    (local.set $head_length (i32.load (local.get $frame)))
    (if (i64.eq (call $value (local.get $boxes) (i32.const 3)) (global.get $undefined))
      (then
        (local.set $reply (call $send (local.get $frame) (local.get $boxes) (local.get $head) (local.get $head_length)))
        (call $free_utf8 (call $context) (local.get $head)))
      (else
        (local.set $payload (call $join (local.get $frame) (local.get $head) (local.get $head_length) (call $value (local.get $boxes) (i32.const 3))))
        (call $free_utf8 (call $context) (local.get $head))
        (if (i32.eqz (local.get $payload)) (then (return (i32.const 0))))
        (local.set $reply (call $send (local.get $frame) (local.get $boxes) (local.get $payload) (i32.load (local.get $frame))))
        (call $free (local.get $payload))))
    (call $take_reply (local.get $frame) (local.get $reply)))

  (func $send (param $frame i32) (param $boxes i32) (param $payload i32) (param $length i32) (result i64)
    (if (call $to_int32 (call $context) (i32.add (local.get $frame) (i32.const 4)) (call $value (local.get $boxes) (i32.const 0))) (then (unreachable)))
    (if (call $to_int32 (call $context) (i32.add (local.get $frame) (i32.const 8)) (call $value (local.get $boxes) (i32.const 1))) (then (unreachable)))
    (call $syscall (i32.load offset=4 (local.get $frame)) (i32.load offset=8 (local.get $frame)) (local.get $payload) (local.get $length)))

  ;; Head, line feed and body in one new block, its length in the frame; 0 after an exception was set.
  (func $join (param $frame i32) (param $head i32) (param $head_length i32) (param $bytes i64) (result i32)
    (local $body i32) (local $body_length i32) (local $payload i32)
    (local.set $body (call $get_bytes (call $context) (local.get $frame) (local.get $bytes)))
    (if (i32.eqz (local.get $body)) (then (return (i32.const 0))))
    (local.set $body_length (i32.load (local.get $frame)))
    (i32.store (local.get $frame) (i32.add (i32.add (local.get $head_length) (i32.const 1)) (local.get $body_length)))
    (local.set $payload (call $malloc (i32.load (local.get $frame))))
    (if (i32.eqz (local.get $payload))
      (then
        (drop (call $throw_out_of_memory (call $context)))
        (return (i32.const 0))))
    (memory.copy (local.get $payload) (local.get $head) (local.get $head_length))
    (i32.store8 (i32.add (local.get $payload) (local.get $head_length)) (i32.const 10))
    (memory.copy (i32.add (i32.add (local.get $payload) (local.get $head_length)) (i32.const 1)) (local.get $body) (local.get $body_length))
    (local.get $payload))

  ;; The reply's memory is ours: it was given by our nanos_alloc.
  (func $take_reply (param $frame i32) (param $reply i64) (result i32)
    (local $pointer i32) (local $value i64)
    (if (i64.eq (local.get $reply) (global.get $pending)) (then (return (call $new_box (global.get $undefined)))))
    (local.set $pointer (i32.wrap_i64 (i64.shr_u (local.get $reply) (i64.const 32))))
    (local.set $value (call $new_payload (local.get $frame) (local.get $pointer) (i32.wrap_i64 (local.get $reply))))
    (call $free (local.get $pointer))
    (call $new_box (local.get $value)))

  ;; An empty payload may come without memory of its own.
  (func $new_payload (param $frame i32) (param $pointer i32) (param $length i32) (result i64)
    (if (i32.eqz (local.get $pointer)) (then (return (call $new_bytes (call $context) (local.get $frame) (i32.const 0)))))
    (call $new_bytes (call $context) (local.get $pointer) (local.get $length)))

  ;; (Uint8Array) -> string; undefined when the bytes are not well-formed UTF-8
  (func $decode (param $frame i32) (param $boxes i32) (result i32)
    (local $pointer i32) (local $length i32)
    (local.set $pointer (call $get_bytes (call $context) (local.get $frame) (call $value (local.get $boxes) (i32.const 0))))
    (if (i32.eqz (local.get $pointer)) (then (return (i32.const 0))))
    (local.set $length (i32.load (local.get $frame)))
    (if (i32.eqz (call $is_utf8 (local.get $pointer) (i32.add (local.get $pointer) (local.get $length))))
      (then (return (call $new_box (global.get $undefined)))))
    (call $new_box (call $new_string (call $context) (local.get $pointer) (local.get $length))))

  ;; Unicode, table 3-7: well-formed UTF-8 byte sequences.
  (func $is_utf8 (param $at i32) (param $end i32) (result i32)
    (local $lead i32) (local $more i32) (local $low i32) (local $high i32)
    (loop $next
      ;; ASCII, eight bytes at a time
      (block $not_ascii
        (loop $ascii
          (br_if $not_ascii (i32.lt_u (i32.sub (local.get $end) (local.get $at)) (i32.const 8)))
          (br_if $not_ascii (i64.ne (i64.and (i64.load align=1 (local.get $at)) (i64.const 0x8080_8080_8080_8080)) (i64.const 0)))
          (local.set $at (i32.add (local.get $at) (i32.const 8)))
          (br $ascii)))
      (if (i32.eq (local.get $at) (local.get $end)) (then (return (i32.const 1))))
      (local.set $lead (i32.load8_u (local.get $at)))
      (local.set $at (i32.add (local.get $at) (i32.const 1)))
      (br_if $next (i32.lt_u (local.get $lead) (i32.const 0x80)))
      (if (i32.lt_u (i32.sub (local.get $lead) (i32.const 0xc2)) (i32.const 0x33)) (then) (else (return (i32.const 0)))) ;; C2..F4
      (local.set $more
        (i32.add (i32.add (i32.const 1) (i32.ge_u (local.get $lead) (i32.const 0xe0))) (i32.ge_u (local.get $lead) (i32.const 0xf0))))
      (if (i32.lt_u (i32.sub (local.get $end) (local.get $at)) (local.get $more)) (then (return (i32.const 0))))
      ;; The range of the second byte depends on the first.
      (local.set $low (i32.const 0x80))
      (local.set $high (i32.const 0xbf))
      (if (i32.eq (local.get $lead) (i32.const 0xe0)) (then (local.set $low (i32.const 0xa0))))
      (if (i32.eq (local.get $lead) (i32.const 0xed)) (then (local.set $high (i32.const 0x9f))))
      (if (i32.eq (local.get $lead) (i32.const 0xf0)) (then (local.set $low (i32.const 0x90))))
      (if (i32.eq (local.get $lead) (i32.const 0xf4)) (then (local.set $high (i32.const 0x8f))))
      (loop $continuation
        (if (i32.or (i32.lt_u (i32.load8_u (local.get $at)) (local.get $low)) (i32.gt_u (i32.load8_u (local.get $at)) (local.get $high)))
          (then (return (i32.const 0))))
        (local.set $at (i32.add (local.get $at) (i32.const 1)))
        (local.set $low (i32.const 0x80))
        (local.set $high (i32.const 0xbf))
        (local.set $more (i32.sub (local.get $more) (i32.const 1)))
        (br_if $continuation (local.get $more)))
      (br $next))
    (unreachable))

  ;; (string) -> Uint8Array
  (func $encode (param $frame i32) (param $boxes i32) (result i32)
    (local $text i32) (local $value i64)
    (local.set $text (call $to_utf8 (call $context) (local.get $frame) (call $value (local.get $boxes) (i32.const 0)) (i32.const 0)))
    (if (i32.eqz (local.get $text)) (then (return (i32.const 0))))
    (local.set $value (call $new_bytes (call $context) (local.get $text) (i32.load (local.get $frame))))
    (call $free_utf8 (call $context) (local.get $text))
    (call $new_box (local.get $value)))

  ;; (Uint8Array) -> undefined
  (func $fill_random (param $frame i32) (param $boxes i32) (result i32)
    (local $pointer i32)
    (local.set $pointer (call $get_bytes (call $context) (local.get $frame) (call $value (local.get $boxes) (i32.const 0))))
    (if (i32.eqz (local.get $pointer)) (then (return (i32.const 0))))
    (call $random (local.get $pointer) (i32.load (local.get $frame)))
    (call $new_box (global.get $undefined)))

  ;; --- The ABI ---

  (func (export "nanos_alloc") (param $length i32) (result i32)
    (call $malloc (local.get $length)))

  (func (export "nanos_free") (param $pointer i32)
    (call $free (local.get $pointer)))

  (func (export "nanos_start") (result i32)
    (call $activate (global.get $id_start) (i32.const 0) (global.get $undefined)))

  (func (export "nanos_resume") (param $id i32) (param $status i32) (param $pointer i32) (param $length i32) (result i32)
    (local $payload i64)
    (local.set $payload (call $new_payload (global.get $stack_pointer) (local.get $pointer) (local.get $length)))
    (call $free (local.get $pointer))
    (if (i64.eq (local.get $payload) (global.get $exception)) (then (return (call $fail))))
    (call $activate (local.get $id) (local.get $status) (local.get $payload)))

  ;; The agent runs until its job queue is empty. Returns the status of the activation.
  (func $activate (param $id i32) (param $status i32) (param $payload i64) (result i32)
    (local $result i32)
    (local.set $result (call $dispatch (local.get $id) (local.get $status) (local.get $payload)))
    (if (local.get $result) (then (return (local.get $result))))
    (local.set $result (call $run_jobs))
    (if (local.get $result) (then (return (local.get $result))))
    (if (global.get $is_doomed) (then (return (call $say_last_words))))
    (call $dispatch (global.get $id_rest) (i32.const 0) (global.get $undefined)))

  (func $run_jobs (result i32)
    (local $frame i32) (local $done i32) (local $result i32)
    (local.set $frame (i32.sub (global.get $stack_pointer) (i32.const 16)))
    (global.set $stack_pointer (local.get $frame))
    (block $out
      (loop $next
        (br_if $out (i32.eqz (call $is_job_pending (call $runtime))))
        (if (i32.lt_s (call $execute_job (call $runtime) (local.get $frame)) (i32.const 0))
          (then
            (local.set $result (call $dispatch (global.get $id_job_failed) (i32.const 0) (call $take_exception (call $context))))
            (br_if $out (local.get $result))))
        (br $next)))
    (global.set $stack_pointer (i32.add (local.get $frame) (i32.const 16)))
    (local.get $result))

  ;; Calls the dispatcher; takes over the payload.
  (func $dispatch (param $id i32) (param $status i32) (param $payload i64) (result i32)
    (local $frame i32) (local $result i64)
    (local.set $frame (i32.sub (global.get $stack_pointer) (i32.const 32)))
    (global.set $stack_pointer (local.get $frame))
    (i64.store (local.get $frame) (i64.extend_i32_u (local.get $id)))
    (i64.store offset=8 (local.get $frame) (i64.extend_i32_u (local.get $status)))
    (i64.store offset=16 (local.get $frame) (local.get $payload))
    (local.set $result (call $call (call $context) (global.get $dispatcher) (global.get $undefined) (i32.const 3) (local.get $frame)))
    (global.set $stack_pointer (i32.add (local.get $frame) (i32.const 32)))
    (call $free_value (call $context) (local.get $payload))
    (if (i64.eq (local.get $result) (global.get $exception)) (then (return (call $fail))))
    (call $free_value (call $context) (local.get $result))
    (i32.wrap_i64 (local.get $result)))

  ;; The dispatcher itself threw, or couldn't be called: there is no memory left.
  (func $fail (result i32)
    (call $free_value (call $context) (call $take_exception (call $context)))
    (call $say_last_words))

  (func $say_last_words (result i32)
    (drop (call $syscall (global.get $op_log) (i32.const 0) (global.get $last_words) (global.get $last_words_length)))
    (global.get $out_of_memory))

  ;; --- What else the engine wants of its host ---

  ;; A promise was rejected that nobody handles, or is handled after all. The boxes are ours. The dispatcher keeps account and is asked again at rest.
  (func (export "host_promise_rejection") (param $promise i32) (param $reason i32) (param $is_handled i32)
    (local $frame i32) (local $result i64)
    (local.set $frame (i32.sub (global.get $stack_pointer) (i32.const 32)))
    (global.set $stack_pointer (local.get $frame))
    (i64.store (local.get $frame) (i64.extend_i32_u (global.get $id_rejection)))
    (i64.store offset=8 (local.get $frame) (i64.load (local.get $promise)))
    (i64.store offset=16 (local.get $frame) (i64.load (local.get $reason)))
    (i64.store offset=24 (local.get $frame) (i64.extend_i32_u (local.get $is_handled)))
    (call $limit_stack (call $runtime) (i32.add (global.get $stack_length_max) (global.get $stack_length_reserve)))
    (local.set $result (call $call (call $context) (global.get $dispatcher) (global.get $undefined) (i32.const 4) (local.get $frame)))
    (call $limit_stack (call $runtime) (global.get $stack_length_max))
    (if (i64.eq (local.get $result) (global.get $exception))
      (then
        (global.set $is_doomed (i32.const 1))
        (local.set $result (call $take_exception (call $context)))))
    (call $free_value (call $context) (local.get $result))
    (global.set $stack_pointer (i32.add (local.get $frame) (i32.const 32)))
    (call $free_box (local.get $promise))
    (call $free_box (local.get $reason)))

  ;; UTC
  (func (export "host_get_timezone_offset") (param i32 i32) (result i32)
    (i32.const 0))

  ;; Never: fuel ends what runs too long.
  (func (export "host_interrupt") (result i32)
    (i32.const 0))

  ;; No module is ever loaded: an agent is one script.
  (func (export "host_module_normalize") (param i32 i32) (result i32)
    (i32.const 0))
  (func (export "host_module_load") (param i32 i32) (result i32)
    (i32.const 0)))
