"""What the tests of the Python package share: a main() that tells the tests of a file in TAP, and a look for
what leaks. Without meson: PYTHONPATH=BUILD/python python3 -m pytest tests/python, or one file alone."""
import gc
import sys
import tracemalloc
import unittest


class Tap(unittest.TestResult):
    def __init__(self):
        super().__init__()
        self.told = 0

    def tell(self, ok, test, more=''):
        self.told += 1
        print(f'{"ok" if ok else "not ok"} {self.told} - {test.id().replace("__main__.", "")}{more}', flush=True)

    def addSuccess(self, test):
        self.tell(True, test)

    def addSkip(self, test, reason):
        self.tell(True, test, f' # SKIP {reason}')

    def addError(self, test, err):
        super().addError(test, err)
        self.tell(False, test)
        print(self.errors[-1][1], file=sys.stderr)

    def addFailure(self, test, err):
        super().addFailure(test, err)
        self.tell(False, test)
        print(self.failures[-1][1], file=sys.stderr)


def main():
    suite = unittest.defaultTestLoader.loadTestsFromModule(sys.modules['__main__'])
    print(f'1..{suite.countTestCases()}', flush=True)
    result = Tap()
    suite.run(result)
    sys.exit(0 if result.wasSuccessful() else 1)


def leaks(work, rounds=40):
    """Whether `work` leaves something each time: blocks and traced memory grow in every one of three stretches of
    many rounds by nearly a block a round. (Caches of the interpreter grow once.)"""
    def stretch():
        before, traced = sys.getallocatedblocks(), tracemalloc.get_traced_memory()[0]
        for _ in range(rounds):
            work()
        gc.collect()
        return sys.getallocatedblocks() - before, tracemalloc.get_traced_memory()[0] - traced
    for _ in range(3 * rounds):  # what the interpreter keeps for reuse grows at first
        work()
    gc.collect()
    tracemalloc.start()
    try:
        grown = [stretch() for _ in range(3)]
    finally:
        tracemalloc.stop()
    return all(blocks >= rounds * .9 or traced >= rounds * 28 for blocks, traced in grown)
