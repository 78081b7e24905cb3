(module (import "a" "b" (func)))
