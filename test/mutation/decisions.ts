/**
 * All tests of the decision modules in one process, for mutation testing: `npm run mutation` (test/mutation/stryker.json)
 * changes one thing in a module at a time and wants one of these to fail. String literals are left alone: codes are closed types,
 * which the compiler checks, and the rest is words for people.
 */
import '../clearance/access.test.ts'
import '../clearance/x501.test.ts'
import '../label/xep0258.test.ts'
import '../label/stanag4774.test.ts'
import '../spif/composition.test.ts'
import '../spif/dominance.test.ts'
import '../spif/mapping.test.ts'
import '../spif/user-input.test.ts'
import '../spif/validity.test.ts'
