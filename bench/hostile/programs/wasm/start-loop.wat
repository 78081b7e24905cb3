(module (func $loop (loop $again (br $again))) (start $loop))
