(module (func (export "loop") (loop $again (br $again))))
