import { render } from 'preact';
import { App } from './app.tsx';
import { ContractError, noData, readData, type DashboardData } from './data/contract.ts';
import './style.css';

const element = document.getElementById('inferbench-data');
let data: DashboardData = noData;
let problem = '';
try {
  data = readData(element?.textContent ?? '');
} catch (error) {
  if (!(error instanceof ContractError)) throw error;
  problem = error.message;
}
const root = document.getElementById('app');
if (root) render(<App data={data} problem={problem} />, root);
