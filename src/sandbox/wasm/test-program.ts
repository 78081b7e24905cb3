import { fc } from '../../util/test-properties.ts';

/** Generates modules for tests: functions over four locals of each number type and one page of memory, whose loops all end. */
type NumberType = 'i32' | 'i64' | 'f32' | 'f64';

const TYPES: readonly NumberType[] = ['i32', 'i64', 'f32', 'f64'];
const LOCALS_EACH = 3;

const INTEGER_BINARY = ['add', 'sub', 'mul', 'and', 'or', 'xor', 'shl', 'shr_s', 'shr_u', 'rotl', 'div_s', 'rem_u'];
const FLOAT_BINARY = ['add', 'sub', 'mul', 'div', 'min', 'max'];
const FLOAT_UNARY = ['sqrt', 'ceil', 'floor', 'trunc', 'nearest', 'neg', 'abs'];
const CONVERSIONS: Readonly<Record<NumberType, readonly (readonly [instruction: string, from: NumberType])[]>> = {
  i32: [['i32.wrap_i64', 'i64'], ['i32.trunc_sat_f64_s', 'f64'], ['i64.eqz', 'i64'], ['i32.trunc_f32_s', 'f32']],
  i64: [['i64.extend_i32_s', 'i32'], ['i64.trunc_sat_f32_u', 'f32']],
  f32: [['f32.convert_i32_s', 'i32'], ['f32.demote_f64', 'f64']],
  f64: [['f64.convert_i64_u', 'i64'], ['f64.promote_f32', 'f32']],
};

function local(type: NumberType, index: number): string {
  return `$${type}_${index % LOCALS_EACH}`;
}

const index = fc.nat(LOCALS_EACH - 1);
const address = fc.nat(65_000);

/** An expression of each type. No float's bits are looked at, since NaNs may differ before metering. */
const expressions = fc.letrec<Record<NumberType, string>>((tie) => {
  const leaf = (type: NumberType): fc.Arbitrary<string>[] => [
    index.map((place) => `(local.get ${local(type, place)})`),
    (type.startsWith('i') ? fc.integer() : fc.oneof(fc.integer(), fc.constantFrom('inf', '-inf', '0x1p-1074', '1e30'))).map((value) => `(${type}.const ${value})`),
  ];
  const converted = (type: NumberType): fc.Arbitrary<string>[] => CONVERSIONS[type].map(([instruction, from]) => tie(from).map((operand) => `(${instruction} ${operand})`));
  const binary = (type: NumberType, names: readonly string[]): fc.Arbitrary<string> =>
    fc.tuple(fc.constantFrom(...names), tie(type), tie(type)).map(([name, left, right]) => `(${type}.${name} ${left} ${right})`);
  const integer = (type: 'i32' | 'i64'): fc.Arbitrary<string> =>
    fc.oneof({ maxDepth: 4 }, ...leaf(type), binary(type, INTEGER_BINARY), ...converted(type), address.map((at) => `(${type}.load (i32.const ${at}))`), called(type, tie('i32')));
  const float = (type: 'f32' | 'f64'): fc.Arbitrary<string> =>
    fc.oneof({ maxDepth: 4 }, ...leaf(type), binary(type, FLOAT_BINARY), ...converted(type), fc.tuple(fc.constantFrom(...FLOAT_UNARY), tie(type)).map(([name, operand]) => `(${type}.${name} ${operand})`));
  return { i32: integer('i32'), i64: integer('i64'), f32: float('f32'), f64: float('f64') };
});

function called(type: 'i32' | 'i64', argument: fc.Arbitrary<string>): fc.Arbitrary<string> {
  return argument.map((value) => (type === 'i32' ? `(call $helper ${value})` : `(i64.extend_i32_u (call $helper ${value}))`));
}

const assignment = fc.constantFrom(...TYPES).chain((type) => fc.tuple(index, expressions[type]).map(([place, value]) => `(local.set ${local(type, place)} ${value})`));
const store = fc.tuple(address, expressions.i32, fc.constantFrom('i32.store', 'i32.store8', 'i32.store16')).map(([at, value, name]) => `(${name} (i32.const ${at}) ${value})`);
const bulk = fc.tuple(fc.constantFrom('fill', 'copy'), fc.nat(1000), fc.nat(1000), fc.nat(300)).map(([name, to, from, length]) => `(memory.${name} (i32.const ${to}) (i32.const ${from}) (i32.const ${length}))`);

const { statements } = fc.letrec<{ statement: string; statements: string }>((tie) => ({
  statement: fc.oneof(
    { maxDepth: 3 },
    assignment,
    store,
    bulk,
    fc.tuple(expressions.i32, tie('statements'), tie('statements')).map(([condition, yes, no]) => `(if ${condition} (then ${yes}) (else ${no}))`),
    fc.tuple(tie('statements'), expressions.i32, tie('statements')).map(([before, condition, after]) => `(block ${before} (br_if 0 ${condition}) ${after})`),
    fc.tuple(fc.integer({ min: 1, max: 4 }), tie('statements')).map(([times, body]) => loop(times, body)),
    fc.tuple(tie('statements'), expressions.i32, tie('statements')).map(([body, value, handler]) => `(try (do ${body} (if (i32.and ${value} (i32.const 1)) (then (throw $e ${value})))) (catch $e (local.set $i32_0) ${handler}) (catch_all))`),
    fc.tuple(expressions.i32, tie('statements')).map(([value, body]) => `(block (block (br_table 0 1 ${value})) ${body})`),
  ),
  statements: fc.array(tie('statement'), { maxLength: 4 }).map((list) => list.join('\n')),
}));

/** Counters are of the frame, one a nesting, so that no body resets them: a shared budget of rounds ends every loop. */
function loop(times: number, body: string): string {
  return `(loop $l ${body} (local.set $rounds (i32.add (local.get $rounds) (i32.const 1))) (br_if $l (i32.lt_u (local.get $rounds) (i32.const ${times * 3}))))`;
}

/** Text of a module that exports `run` (param i32) (result i32) and `memory`. */
export const program: fc.Arbitrary<string> = fc.tuple(statements, expressions.i32, expressions.f64).map(
  ([body, result, float]) => `(module (memory (export "memory") 1) (tag $e (param i32)) (global $g (export "float") (mut f64) (f64.const 0))
  (func $helper (param i32) (result i32) (if (i32.eqz (local.get 0)) (then (return (i32.const 7)))) (i32.rem_u (local.get 0) (i32.const 1000)))
  (func (export "run") (param $i32_0 i32) (result i32)
    (local $i32_1 i32) (local $i32_2 i32) ${['i64', 'f32', 'f64'].flatMap((type) => [0, 1, 2].map((place) => `(local $${type}_${place} ${type})`)).join(' ')} (local $rounds i32)
    ${body}
    (global.set $g ${float})
    ${result}))`,
);
