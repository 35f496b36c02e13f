// A library that has no table at all.
extern "C" int inferbench_something_else() {
  return 1;
}
