#define SLUICE_NO_FUTEX
#include <sluice/mpsc.hpp>

void use(sluice::mpsc::sender<int>& to) { (void)to.send(1); }
