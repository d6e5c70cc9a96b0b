/**
 * Integers of 64 bits as they stand in text: `strconv.ParseInt(text, 10, 64)` without making a number of them, because
 * a double holds only 53 bits and because matching selectors must not allocate.
 *
 * @internal
 */

const maximum = "9223372036854775807"
const minimum = "9223372036854775808"

const isNegative = (text: string): boolean => text.charCodeAt(0) === 45

const firstDigit = (text: string): number => {
  const sign = text.charCodeAt(0)
  let index = sign === 45 || sign === 43 ? 1 : 0
  while (index < text.length - 1 && text.charCodeAt(index) === 48) index++
  return index
}

const compareDigits = (left: string, leftStart: number, right: string, rightStart: number): number => {
  const length = left.length - leftStart
  if (length !== right.length - rightStart) return length - (right.length - rightStart)
  for (let index = 0; index < length; index++) {
    const difference = left.charCodeAt(leftStart + index) - right.charCodeAt(rightStart + index)
    if (difference !== 0) return difference
  }
  return 0
}

/** Whether the text is a decimal integer that 64 bits hold; a sign and leading zeros are allowed. */
export const isInt64 = (text: string): boolean => {
  const sign = text.charCodeAt(0)
  const start = sign === 45 || sign === 43 ? 1 : 0
  if (start === text.length) return false
  for (let index = start; index < text.length; index++) {
    const code = text.charCodeAt(index)
    if (code < 48 || code > 57) return false
  }
  return compareDigits(text, firstDigit(text), isNegative(text) ? minimum : maximum, 0) <= 0
}

/** Negative, zero or positive as `left` is less than, equal to or greater than `right`; both are `isInt64`. */
export const compare = (left: string, right: string): number => {
  const leftStart = firstDigit(left)
  const rightStart = firstDigit(right)
  const leftNegative = isNegative(left) && left.charCodeAt(leftStart) !== 48
  const rightNegative = isNegative(right) && right.charCodeAt(rightStart) !== 48
  if (leftNegative !== rightNegative) return leftNegative ? -1 : 1
  const magnitude = compareDigits(left, leftStart, right, rightStart)
  return leftNegative ? -magnitude : magnitude
}
