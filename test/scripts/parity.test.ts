import { assert, it } from "@effect/vitest"
import { declared } from "../../scripts/parity.ts"

it("finds what a Go file declares at its top, alone and in blocks, and nothing below", () => {
  const source = `package cache

// type Commented struct{}
/* func Commented() {} */

type Store interface {
	Add(obj interface{}) error
}

type Generic[T any] struct{}

type (
	Inner struct {
		Field string
	}
	hidden int
	Second = Inner
)

const (
	First, Other = 1, 2
	Text         = "a ( b"
)

var Default = func() int {
	Local := 1
	return Local
}()

func New(s Store) *Generic[int] { return nil }
func (g *Generic[T]) Method() {}
func unexported() {}
`
  assert.deepStrictEqual(declared(source), [
    "type Store",
    "type Generic",
    "type Inner",
    "type Second",
    "const First",
    "const Other",
    "const Text",
    "var Default",
    "func New"
  ])
})
