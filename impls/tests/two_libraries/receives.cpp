#include "ends.hpp"

long receive_all(sluice::spsc::receiver<int>& from) {
  long sum = 0;
  for (const int message : from) sum += message;
  return sum;
}
