# Included after each project() of a build with source mutants: the rewritten headers come before the original ones.
include_directories(BEFORE ${CMAKE_BINARY_DIR}/include)
add_compile_options(-w)
